import type { Item } from '@chaperone/core';

/** The text of an item together with the text that it continues; `undefined` where it has none, as an image. */
export function textOf(item: Item): string | undefined {
  return item.segment.text === undefined ? undefined : (item.before ?? '') + item.segment.text;
}
