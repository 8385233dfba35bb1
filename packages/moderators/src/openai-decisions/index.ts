export { openaiDecisions, type OpenAIDecisionsOptions } from './openai-decisions.ts';
