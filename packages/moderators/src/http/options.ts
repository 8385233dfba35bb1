import * as z from 'zod/mini';
import type { ApiKey } from './credentials.ts';
import type { Fetch } from './post.ts';

/** A text that is not empty. */
export const someText: z.ZodMiniType<string> = z.string().check(z.regex(/\S/));

/** The name of a category: not empty, and not what stands for all. */
export const categoryName: z.ZodMiniType<string> = z.string().check(z.regex(/^(?!\*$)[^]*\S/));

/** A value that only a function can recognise. */
export function aFunction<T>(): z.ZodMiniType<T> {
  return z.custom<T>((value) => typeof value === 'function');
}

/** What every moderator that asks a service over HTTP may be told. */
export const serviceOptions: {
  readonly apiKey: z.ZodMiniOptional<z.ZodMiniType<ApiKey>>;
  readonly baseURL: z.ZodMiniOptional<z.ZodMiniType<string>>;
  readonly fetch: z.ZodMiniOptional<z.ZodMiniType<Fetch>>;
  readonly name: z.ZodMiniOptional<z.ZodMiniType<string>>;
} = {
  apiKey: z.optional(z.union([someText, aFunction<Exclude<ApiKey, string>>()])),
  baseURL: z.optional(someText),
  fetch: z.optional(aFunction<Fetch>()),
  name: z.optional(someText),
};

/** What these options must be. */
export const serviceRequirements = {
  apiKey: 'a text that is not empty, or a function that gives the key of a tenant',
  baseURL: 'an http or https address',
  fetch: 'a function like the global fetch',
  name: 'a text that is not empty',
} as const;
