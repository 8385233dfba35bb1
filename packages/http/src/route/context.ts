import type { CallContext } from '@chaperone/core';
import type { GuardRouteOptions } from './options.ts';

/** Whose call it is, and in which language to speak. */
export async function contextOf(request: Request, { context }: GuardRouteOptions): Promise<CallContext> {
  const locale = preferredLanguage(request.headers.get('accept-language') ?? '');
  return { ...(locale !== undefined && { locale }), ...(await context?.(request)) };
}

/** The language that a header prefers: the first of those with the highest weight. */
function preferredLanguage(header: string): string | undefined {
  const languages = header.split(',').flatMap((each) => {
    const [, tag, weight = '1'] = /^\s*([a-z]{1,8}(?:-[a-z\d]{1,8})*)\s*(?:;\s*q=([\d.]+))?\s*$/i.exec(each) ?? [];
    return tag === undefined ? [] : [{ tag, weight: Number(weight) }];
  });
  return languages.toSorted((one, other) => other.weight - one.weight)[0]?.tag;
}
