/** What tells this model from others before it is loaded: its CRC-32, written by train/main.ts. */
export const MODEL_REVISION: string = 'aab815de';
