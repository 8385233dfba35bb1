import { byStage, STAGES, withMembers, type Moderator, type Stage } from './moderation/moderator.ts';
import { readsWhole } from './moderation/items.ts';
import { OVERLAP, piecesOf } from './moderation/pieces.ts';
import type { Quota } from './moderation/quota.ts';
import { estimateTokens } from './moderation/tokens.ts';
import { SEGMENT_KINDS, TEXT_KINDS, type SegmentKind } from './chat/segment.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import type { Rule } from './policy/policy.ts';
import type { Settings } from './settings.ts';

/** The rule in force for one category of one moderator. */
export interface EffectiveRule {
  readonly moderator: string;
  /** `'*'`: whatever else the moderator may report. */
  readonly category: string;
  readonly rule: Rule;
  /** Where the policy says so; `default` where it does not. */
  readonly from: string;
}

/** What it costs to have a moderator judge what nobody has judged before, and how much of it its quota allows. */
export interface ModeratorCost {
  readonly moderator: string;
  /** Requests for a segment of 1,000 characters; those of several segments go together where it takes batches. */
  readonly requests: number;
  /** Tokens for 1,000 characters of English, estimated rather too high than too low. */
  readonly tokens: number;
  readonly quota?: Quota & {
    /** How much of such text a minute the quota allows, in characters. */
    readonly characters: number;
  };
}

/** What is in force at one stage. */
export interface EffectiveStage {
  readonly moderators: readonly string[];
  readonly rules: readonly EffectiveRule[];
  /** Kinds of segments that no moderator of the stage covers: they are `unchecked: 'unsupported'`. */
  readonly unjudged: readonly SegmentKind[];
  /** Whether calls wait for the verdict; if not, a block is only told. */
  readonly waits: boolean;
  readonly retries: number;
  /** Requests to moderators for one new segment that nobody has judged before, at the most. */
  readonly requestsPerSegment: number;
  /** For each moderator that does not work in this process, members of others included. */
  readonly cost: readonly ModeratorCost[];
}

/** What is in force: category by category, what nobody judges, and what it will cost. */
export interface EffectivePolicy {
  readonly version: string;
  readonly timing: 'before' | 'during';
  /** When streamed text leaves. */
  readonly release: 'verified' | 'whole' | 'immediate';
  readonly whenUnchecked: Settings['uncheckedPolicy'];
  readonly input: EffectiveStage;
  readonly output: EffectiveStage;
  /** What the adapters in use do not guard, or cannot see. */
  readonly passesBy: readonly { readonly adapter: string; readonly what: string }[];
  /** What a reader of the options alone could miss. */
  readonly notes: readonly string[];
  /** The same as a table, for a terminal or a log. */
  toString(): string;
}

export function explain(
  settings: Settings,
  policy: CompiledPolicy,
  passesBy: ReadonlyMap<string, readonly string[]>,
  isEnabled: boolean,
): EffectivePolicy {
  const effective = {
    version: policy.version,
    timing: settings.timing,
    release: settings.streaming.release,
    whenUnchecked: settings.uncheckedPolicy,
    passesBy: [...passesBy].flatMap(([adapter, all]) => all.map((what) => ({ adapter, what }))),
    ...byStage((stage): EffectiveStage => {
      const moderators = settings.roster[stage];
      const everyone = withMembers(moderators);
      const asked = everyone.filter(({ members }) => !members);
      const limitOf = (asker: Moderator): number =>
        readsWhole(asker) && !asker.members ? Infinity : (asker.maxCharacters ?? Infinity);
      const costs = moderators.flatMap((seated) =>
        withMembers([seated])
          .filter(({ members, inProcess }) => !members && !inProcess)
          .map((moderator) => costOf(moderator, limitOf(seated), settings)),
      );
      const covered = new Set(moderators.flatMap((moderator) => moderator.kinds ?? TEXT_KINDS));
      const { waits, retries } = settings.fallbacks[stage];
      return {
        moderators: moderators.map((moderator) => moderator.name),
        rules: everyone.flatMap((moderator) => rulesOf(moderator, stage, policy)),
        unjudged: SEGMENT_KINDS.filter((kind) => !covered.has(kind)),
        waits,
        retries: stage === 'output' ? retries : 0,
        requestsPerSegment: asked.length,
        cost: [
          ...new Map(costs.toSorted((a, b) => a.requests - b.requests).map((cost) => [cost.moderator, cost])).values(),
        ],
      };
    }),
  };
  const notes = [
    ...(isEnabled ? [] : ['the guard is off: nothing is judged']),
    ...notesOn(effective, settings.toolOutput),
  ];
  return { ...effective, notes, toString: () => table(effective, notes) };
}

type Effective = Omit<EffectivePolicy, 'notes' | 'toString'>;

function rulesOf(moderator: Moderator, stage: Stage, policy: CompiledPolicy): readonly EffectiveRule[] {
  return [...moderator.categories, '*'].map((category) => {
    const { rule, from } = policy.ruleFor(stage, moderator.name, category);
    return { moderator: moderator.name, category, rule, from };
  });
}

const SAMPLE = 'word '.repeat(200);

function costOf({ name, batch, span = 0 }: Moderator, maxCharacters: number, settings: Settings): ModeratorCost {
  const { quota, batch: together } = settings.limitsFor(name);
  const pieces = piecesOf(SAMPLE, '', maxCharacters, Math.max(OVERLAP, span));
  const requests = Math.ceil(pieces.length / ((together && batch?.items) || 1));
  const tokens = pieces.reduce((sum, { before, text }) => sum + estimateTokens(before + text), 0);
  const samples = Math.min((quota?.requests ?? Infinity) / requests, (quota?.tokens ?? Infinity) / tokens);
  const characters = Math.floor(samples * SAMPLE.length);
  return { moderator: name, requests, tokens, ...(quota && { quota: { ...quota, characters } }) };
}

function notesOn({ timing, release, ...stages }: Effective, toolOutput: Settings['toolOutput']): readonly string[] {
  const notes: string[] = [];
  if (release === 'whole') notes.push('streamed replies are held until all of the reply is judged');
  if (release === 'immediate') notes.push('streamed text leaves before it is judged, until something is flagged');
  if (toolOutput === 'replace') notes.push('input: a blocked tool result is replaced, and the call goes on');
  if (timing === 'during')
    notes.push(
      "'during' waits like 'before' where the provider acts by itself (tools, stored chats), and for older turns not remembered",
    );
  for (const stage of STAGES) {
    if (!stages[stage].waits)
      notes.push(`${stage}: nothing waits and nothing is blocked, events tell what would have been`);
    if (stages[stage].moderators.length === 0) notes.push(`${stage}: no moderator`);
  }
  return notes;
}

function table(
  { version, timing, release, whenUnchecked, passesBy, ...stages }: Effective,
  notes: readonly string[],
): string {
  return [
    `policy ${version}, timing ${timing}, release ${release}, unchecked ${JSON.stringify(whenUnchecked)}`,
    ...STAGES.flatMap((stage) => [
      `${stage}: ${stages[stage].requestsPerSegment} request(s) a segment, nobody judges ${stages[stage].unjudged.join(', ')}`,
      ...stages[stage].cost.map(
        ({ moderator, requests, tokens, quota }) =>
          ` ${moderator}: ${requests} request(s) and ${tokens} tokens for 1,000 characters${quota ? `, its quota allows ${quota.characters} characters a minute` : ''}`,
      ),
      ...stages[stage].rules.map(({ moderator, category, rule, from }) =>
        ['', moderator.padEnd(18), category.padEnd(24), JSON.stringify(rule), from].join(' '),
      ),
    ]),
    ...passesBy.map(({ adapter, what }) => `${adapter} does not guard: ${what}`),
    ...notes,
  ].join('\n');
}
