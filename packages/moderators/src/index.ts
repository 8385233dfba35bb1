export {
  openaiModeration,
  type OpenAICategory,
  type OpenAIModerationModel,
  type OpenAIModerationOptions,
} from './openai-moderation/index.ts';
export { blocklist, type BlocklistOptions } from './blocklist/index.ts';

export type { ApiKey } from './http/credentials.ts';
export { httpModeration, type HTTPModerationOptions } from './http-moderation/index.ts';
export { language, type LanguageOptions } from './language/index.ts';
export { length, type LengthOptions } from './length/index.ts';
export { pattern, type PatternOptions } from './pattern/index.ts';
export {
  categoryJudge,
  fraud,
  gptOSSSafeguard,
  graniteGuardian,
  llamaGuard,
  llmJudge,
  offTopic,
  policyJudge,
  qwen3Guard,
  spam,
  type GraniteCriterion,
  type Judge,
  type JudgeMessage,
  type JudgePolicy,
  type LanguageModel,
  type LanguageModelCall,
  type LlamaGuardCategory,
  type LLMJudgeOptions,
  type Qwen3GuardCategory,
  type Subject,
} from './llm-judge/index.ts';
export {
  azureContentSafety,
  azureSeverity,
  type AzureCategory,
  type AzureContentSafetyOptions,
} from './azure-content-safety/index.ts';
export { bedrockGuardrail, type BedrockCategory, type BedrockGuardrailOptions } from './bedrock-guardrail/index.ts';
export { mistralModeration, type MistralCategory, type MistralModerationOptions } from './mistral-moderation/index.ts';
export { openaiDecisions, type OpenAIDecisionsOptions } from './openai-decisions/index.ts';
export type { Sign } from './http/post.ts';
export {
  CATEGORIES,
  mapCategories,
  nearestCategory,
  type CategoryDescription,
  type Concept,
  type Mapping,
  type Taxonomy,
  type TaxonomyName,
} from './categories/index.ts';
export {
  testConnection,
  type Connection,
  type Pinged,
  type StageConnection,
  type TestConnectionOptions,
} from './connection/index.ts';
