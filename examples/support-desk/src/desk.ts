/** A ticket as a help desk's webhook sends it. */
export interface Ticket {
  readonly id: string;
  readonly customer: string;
  readonly text: string;
}

/** What the desk's own interface can do with a ticket. */
export interface Desk {
  /** The customer reads it. */
  reply(ticket: string, text: string): void;
  /** Agents read it. */
  note(ticket: string, text: string): void;
  tag(ticket: string, tag: string): void;
}
