export {
  createGuard,
  type CallOptions,
  type CheckManyOptions,
  type CheckOptions,
  type Guard,
  type StreamOptions,
} from './guard.ts';
export type { Cleaned, HistoryAdapter } from './clean.ts';
export type {
  AskingOptions,
  CacheOptions,
  CaptureContent,
  GuardOptions,
  InputOptions,
  ModerationOptions,
  OutputOptions,
  UncheckedRules,
  WindowOptions,
} from './options.ts';

export type { Ask, CallContext, CategoryOf, Item, ModerateOptions, Moderator, Stage } from './moderation/moderator.ts';
export { clear, failed, flag, unsupported } from './moderation/verdict.ts';
export type {
  Failed,
  FailureReason,
  Judged,
  PlacedVerdict,
  Report,
  Span,
  Unsupported,
  UnsupportedReason,
  Verdict,
} from './moderation/verdict.ts';
export { cascade, type CascadeOptions, type UncertainBand } from './moderation/composites/cascade.ts';
export type { CompositeOptions } from './moderation/composites/composite.ts';
export { firstAvailable } from './moderation/composites/first-available.ts';
export { quorum } from './moderation/composites/quorum.ts';
export type { BreakerOptions, BreakerState } from './moderation/breaker.ts';
export type { Quota } from './moderation/quota.ts';
export type { VerdictStore } from './moderation/store.ts';

export type { Policy, Rule, Rules, Threshold } from './policy/policy.ts';
export { balanced, graded, strict, ugc } from './policy/presets.ts';
export { extendPolicy } from './policy/extend.ts';
export type { Action, Decision, Finding, ShadowDecision, Unchecked } from './policy/decision.ts';

export { log, type Logger } from './fallback/log.ts';
export { reject, type RejectOptions } from './fallback/reject.ts';
export { retry, type RetryOptions } from './fallback/retry.ts';
export type { Fallback, FallbackCall } from './fallback/fallback.ts';
export type { Outcome } from './fallback/outcome.ts';

export type { CallUsage, CapturedContent, Events, Listener } from './events.ts';
export type { LocalizedText, MessageOption, MessageTable, StageMessages } from './messages.ts';
export { ConfigurationError, ContentError, isConfigurationError, isContentError } from './errors.ts';

export type { EffectivePolicy, EffectiveRule, EffectiveStage, ModeratorCost } from './explain.ts';
export type { GeneratedText, GenerateText, Wrapped, WrappedText } from './wrap.ts';

export type {
  ChatAdapter,
  OwnVerdicts,
  ChunkReader,
  ChunkReading,
  Edit,
  Refusal,
  ReplyReading,
  RequestReading,
  StreamAdapter,
  Usage,
} from './chat/adapter.ts';
export type { Message, Role, Scope, Segment, SegmentKind } from './chat/segment.ts';
export { isRefusal, markRefusal } from './refusals.ts';
export { REFUSAL_BREAK } from './chat/refusal-break.ts';
export type { ChatMessage, Content, ContentPart } from './chat/content.ts';
export type { Generate } from './chat/generation.ts';
export type { Guarded } from './chat/reply.ts';
export type { GuardedStream } from './chat/stream.ts';
export { textAdapter as plainChat, type Text as PlainText } from './chat/text.ts';
