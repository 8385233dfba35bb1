/**
 * Marks that chat templates give a meaning: `<|…|>` of most models, `[INST]`, `<<SYS>>`, `<start_of_turn>`, `<guardian>`, `</s>`.
 * Some servers read them out of texts too.
 */
const MARKS = /<(?=[|/\p{L}<])|\[(?=\/?INST\])/giu;

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
  return { border, text: `${border}\n${defuse(JSON.stringify(text))}\n${border}` };
}
