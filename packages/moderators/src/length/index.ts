export { length, type LengthOptions } from './length.ts';
