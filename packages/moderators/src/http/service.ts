/** A service as its operator is told about it: nothing of this is secret, and nothing of it is content. */
export interface Service {
  /** Where it is asked. */
  readonly address: string;
  /** What its key comes from, such as `apiKey or OPENAI_API_KEY`. */
  readonly key: string;
  /** What it is asked for, such as the name of a model. */
  readonly asset: string;
}
