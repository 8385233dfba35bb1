/**
 * What marks of chat templates begin with: `<|…|>`, `<｜…｜>`, `<start_of_turn>`, `</s>`, `<0x0A>`; `[INST]`, `[/TOOL_RESULTS]`.
 * Some servers read them out of texts too. No more white space than the plain kinds: others may be drawn as nothing.
 */
const MARKS = /[<＜‹](?=[^ \t\r\n])|\[(?=\/?[A-Za-z_]+\])/gu;

/** A text that no chat template mistakes for its own marks: a space stands behind what they begin with. */
export function defuse(text: string): string {
  return text.replace(MARKS, '$& ').toWellFormed();
}

/** A block of text that only whoever wrote this prompt can end: its border is made up anew for each request. */
export interface Block {
  /** How the prompt calls it. */
  readonly border: string;
  readonly text: string;
}

/** The text is one line of JSON, so that nothing in it can look like a line of the prompt. */
export function blockOf(text: unknown): Block {
  const border = `DATA-${crypto.randomUUID()}`;
  return { border, text: `${border}\n${defuse(lineOf(text))}\n${border}` };
}

/** JSON leaves three ends of lines as they are. */
function lineOf(text: unknown): string {
  return JSON.stringify(text).replaceAll(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
