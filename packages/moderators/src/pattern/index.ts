export { pattern, type PatternOptions } from './pattern.ts';
