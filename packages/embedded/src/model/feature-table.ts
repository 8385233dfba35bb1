/** Finds the place of a feature in a list: a table of open addresses, half of it empty. */
export function createFeatureTable(features: Uint32Array): (feature: number) => number {
  let size = 16;
  while (size < features.length * 2) size *= 2;
  const mask = size - 1;
  const keys = new Int32Array(size).fill(-1);
  const places = new Int32Array(size);
  for (let place = 0; place < features.length; place += 1) {
    const feature = features[place] ?? 0;
    let slot = feature & mask;
    while (keys[slot] !== -1) slot = (slot + 1) & mask;
    keys[slot] = feature;
    places[slot] = place;
  }
  return (feature) => {
    let slot = feature & mask;
    for (;;) {
      const key = keys[slot];
      if (key === feature) return places[slot] ?? -1;
      if (key === -1) return -1;
      slot = (slot + 1) & mask;
    }
  };
}
