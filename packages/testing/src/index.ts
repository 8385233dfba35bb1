export { startServer, type ServerOptions, type TestServer, type Timing } from './server/server.ts';
export type { Answer, AnswerChoice, AnswerToolCall, ChatScript, ModerationError } from './server/answer.ts';
export type { Assessment, ModerationScript } from './server/assessment.ts';
export type { Fault, Faults } from './server/fault.ts';
export type { Quota } from './server/quota.ts';
export type {
  RecordedChatRequest,
  RecordedCompletionsRequest,
  RecordedGenerationRequest,
  RecordedImagesRequest,
  RecordedModerationRequest,
  RecordedRequest,
  RecordedResponsesRequest,
} from './server/record.ts';
export type {
  ChatRequest,
  ChatRequestMessage,
  CompletionsRequest,
  ImagesRequest,
  InlineModerationRequest,
  ModerationPart,
  ModerationRequest,
  ResponsesInputItem,
  ResponsesRequest,
} from './server/wire.ts';

export {
  fakeModerator,
  type Failure,
  type FakeCall,
  type FakeModerator,
  type FakeModeratorOptions,
  type Scores,
} from './moderator/fake-moderator.ts';

export { moderateOptions } from './moderator/moderate-options.ts';
export { testModerator, type ModeratorSamples } from './moderator/test-moderator.ts';
export type { TestFunction } from './test-function.ts';

export { testAdapter } from './adapter/test-adapter.ts';
export { testHistoryAdapter } from './adapter/test-history-adapter.ts';
export type { AdapterKit, HistoryKit, StreamKit } from './adapter/kit.ts';
