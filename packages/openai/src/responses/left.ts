import { countAt, isList, isRecord, type JsonObject, textAt } from '../wire/json.ts';
import { typeOf } from './events.ts';

/** A part of an item as far as it has left. */
export interface LeftPart {
  readonly place: 'content' | 'summary';
  readonly index: number;
  readonly kind: 'output_text' | 'refusal' | 'reasoning_text' | 'summary_text';
  text: string;
  isTextDone: boolean;
  isDone: boolean;
}

/** An item of the output as far as it has left. */
export interface LeftItem {
  readonly index: number;
  item: JsonObject;
  readonly parts: LeftPart[];
  isDone: boolean;
}

/** What has left of a streamed response: what a refusal in the middle of it has to close. */
export class Left {
  readonly items: Map<number, LeftItem> = new Map();
  isBegun = false;
  /** The number of the next event. */
  next = 0;

  take(event: JsonObject): void {
    const type = typeOf(event);
    this.isBegun ||= type === 'response.created';
    this.next = Math.max(this.next, (countAt(event, 'sequence_number') ?? this.next - 1) + 1);
    const index = countAt(event, 'output_index');
    if (index === undefined) return;
    const { item } = event;
    if (type === 'response.output_item.added' && isRecord(item))
      this.items.set(index, { index, item, parts: [], isDone: false });
    const left = this.items.get(index);
    if (!left) return;
    if (type === 'response.output_item.done' && isRecord(item)) {
      left.item = item;
      left.isDone = true;
    } else if (type.endsWith('.delta') && 'arguments' in left.item)
      left.item = { ...left.item, arguments: (textAt(left.item, 'arguments') ?? '') + (textAt(event, 'delta') ?? '') };
    else if (type.endsWith('.delta') && 'input' in left.item)
      left.item = { ...left.item, input: (textAt(left.item, 'input') ?? '') + (textAt(event, 'delta') ?? '') };
    else this.#takePart(event, type, left);
  }

  #takePart(event: JsonObject, type: string, { parts }: LeftItem): void {
    const place = type.includes('.reasoning_summary_') ? 'summary' : 'content';
    const at = countAt(event, place === 'summary' ? 'summary_index' : 'content_index');
    if (at === undefined) return;
    const { part } = event;
    if (type.endsWith('_part.added')) {
      const kind = KINDS.find((each) => each === textAt(part, 'type')) ?? 'output_text';
      const text = textAt(part, kind === 'refusal' ? 'refusal' : 'text') ?? '';
      parts.push({ place, index: at, kind, text, isTextDone: false, isDone: false });
      return;
    }
    const open = parts.find((each) => each.place === place && each.index === at);
    if (!open) return;
    if (type.endsWith('_part.done')) open.isDone = true;
    else if (type.endsWith('.delta')) open.text += textAt(event, 'delta') ?? '';
    else if (type.endsWith('.done')) open.isTextDone = true;
  }
}

const KINDS: readonly LeftPart['kind'][] = ['output_text', 'refusal', 'reasoning_text', 'summary_text'];

/** The part as an object of the protocol. */
export function partOf({ kind, text }: LeftPart): JsonObject {
  if (kind === 'refusal') return { type: kind, refusal: text };
  return kind === 'output_text' ? { type: kind, text, annotations: [], logprobs: [] } : { type: kind, text };
}

/** The item as far as it has left. */
export function itemOf({ item, parts, isDone }: LeftItem): JsonObject {
  if (isDone) return item;
  const placed = (place: LeftPart['place']): JsonObject =>
    isList(item[place]) || parts.some((part) => part.place === place)
      ? { [place]: parts.filter((part) => part.place === place).map(partOf) }
      : {};
  return { ...item, ...placed('content'), ...placed('summary'), ...('status' in item && { status: 'incomplete' }) };
}
