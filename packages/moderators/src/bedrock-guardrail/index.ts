export type { BedrockCategory } from './answer.ts';
export { bedrockGuardrail, type BedrockGuardrailOptions } from './bedrock-guardrail.ts';
