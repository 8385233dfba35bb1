/** What a model says in one answer, whatever its wire. */
export interface Said {
  readonly reasoning?: string;
  readonly text?: string;
  readonly tool?: { readonly name: string; readonly input: object };
}

/** A provider's model, and the server that it talks to. */
export interface Provider<Model> {
  readonly model: Model;
  /** The bodies of the requests so far. */
  readonly bodies: () => readonly string[];
  /** Has the model say these, one by one; the last again and again. */
  readonly say: (...answers: readonly Said[]) => void;
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

/** Words with the space behind them: a piece each. */
export function words(text: string): readonly string[] {
  return text.match(/\S+\s*/g) ?? [];
}
