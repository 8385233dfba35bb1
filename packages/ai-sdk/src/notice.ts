import type { Decision } from '@chaperone/core';
import type { ProviderMetadata } from './sdk.ts';
import { at } from './value.ts';

/** The name under which a guard speaks in `providerOptions` and `providerMetadata`. */
export const NAMESPACE = 'chaperone';

/** What is told about a decision, for programs: no content, no score. A type, for it has to be JSON to the SDK. */
export type Notice = {
  /** Its id, as in the events. */
  readonly decision: string;
  readonly stage: 'input' | 'output';
  readonly action: 'allow' | 'warn' | 'review' | 'block';
};

export function noticeOf({ id, stage, action }: Decision): Notice {
  return { decision: id, stage, action };
}

/** A notice in the SDK's own place for what is beside the text. */
export function metadataOf(notice: Notice): ProviderMetadata {
  return { [NAMESPACE]: notice };
}

/** A reply, or the end of a stream: what may carry a notice beside what its provider says. */
export interface Carrier {
  providerMetadata?: ProviderMetadata;
}

export function withNotice<T extends Carrier>(carrier: T, decision: Decision): T {
  const providerMetadata = { ...carrier.providerMetadata, ...metadataOf(noticeOf(decision)) };
  return { ...carrier, providerMetadata };
}

const STRICTNESS: readonly unknown[] = ['allow', 'warn', 'review', 'block'];

/** With a decision on it, unless that is `allow`, or a stricter one is there. */
export function withStricter<T extends Carrier>(carrier: T, decision: Decision | undefined): T {
  if (!decision) return carrier;
  const carried = at(carrier.providerMetadata?.[NAMESPACE], 'action') ?? 'allow';
  return STRICTNESS.indexOf(decision.action) > STRICTNESS.indexOf(carried) ? withNotice(carrier, decision) : carrier;
}
