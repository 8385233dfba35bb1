import { attempt } from './attempt.ts';
import type { CallParts } from './chat/call.ts';
import type { Fallback } from './fallback/fallback.ts';
import type { CallContext } from './moderation/moderator.ts';
import { compilePolicy } from './policy/compile.ts';

/** `enabled` of the guard's options. */
export type EnabledOption = boolean | ((context: CallContext) => boolean);

/** Waits for nothing and changes nothing. */
const PASS: Fallback = { waits: false, retries: 0, answer: () => ({ kind: 'release' }) };

/** Whether a call is guarded. A switch that fails leaves the guard on: only a clear `false` takes it away. */
export function isEnabled(enabled: EnabledOption, context: CallContext): boolean {
  return (typeof enabled === 'function' ? attempt(() => enabled(context)) : enabled) !== false;
}

/** A guard that is off: nobody sits on its panel and nothing waits. Its calls say of everything that nobody judged it. */
export function unguarded(parts: CallParts): CallParts {
  const policy = compilePolicy({}, { input: [], output: [] });
  return {
    ...parts,
    isUnguarded: true,
    panel: { ask: (targets) => targets.map(async () => []), remember: () => {} },
    policyFor: () => policy,
    shadow: undefined,
    fallbacks: { input: PASS, output: PASS },
    uncheckedPolicy: { failed: 'allow', unsupported: 'allow', 'too-large': 'allow' },
  };
}
