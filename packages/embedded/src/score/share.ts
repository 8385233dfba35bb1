const FEW = 8;

/** How much each of so many features counts: less where there are many, so that long texts do not shout. */
export const shareOf = (features: number): number => FEW / Math.sqrt(features + FEW * FEW);
