export type { Judge, JudgeMessage, Subject } from './judge.ts';
export { graniteGuardian, type GraniteCriterion } from './judges/granite-guardian.ts';
export { gptOSSSafeguard } from './judges/gpt-oss-safeguard.ts';
export { llamaGuard, type LlamaGuardCategory } from './judges/llama-guard.ts';
export { policyJudge, type JudgePolicy } from './judges/policy.ts';
export { qwen3Guard, type Qwen3GuardCategory } from './judges/qwen3-guard.ts';
export { fraud, offTopic, spam } from './judges/ready.ts';
export type { LanguageModel, LanguageModelCall } from './language-model.ts';
export { llmJudge, type LLMJudgeOptions } from './llm-judge.ts';
