/** What tells this model from others before it is loaded: its CRC-32, written by train/main.ts. */
export const MODEL_REVISION: string = '979e1a1e';
