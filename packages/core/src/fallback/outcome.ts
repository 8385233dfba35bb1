/** What happens next. One that cannot be carried out is a rejection. */
export type Outcome =
  | { readonly kind: 'release' }
  | {
      readonly kind: 'reject';
      /** Instead of the decision's message. */
      readonly message?: string;
    }
  | {
      readonly kind: 'retry';
      /** What the model is told. Never quote the flagged text. */
      readonly feedback: string;
    };
