import type { Guard } from '@chaperone/core';
import type { Desk, Ticket } from './desk.ts';

/** Drafts an answer to a ticket: any model, in any way. */
export type Draft = (ticket: Ticket) => Promise<string>;

/**
 * The webhook of a help desk, as a web-standard handler. The ticket and the drafted answer are checked by themselves: a
 * person decides what becomes of what is held.
 */
export function ticketWebhook(guard: Guard, desk: Desk, draft: Draft): (request: Request) => Promise<Response> {
  return async (request) => {
    const ticket = (await request.json()) as Ticket; // signed by the desk, in a real one
    const whose = { context: { user: ticket.customer, conversation: ticket.id }, signal: request.signal };

    const asked = await guard.check(ticket.text, whose);
    if (asked.action !== 'allow') desk.tag(ticket.id, `input-${asked.action}`);
    if (asked.action === 'block') {
      desk.note(ticket.id, `No answer was drafted: the ticket was held (${asked.id}). Please read it yourself.`);
      return Response.json({ status: 'held' });
    }

    const text = await draft(ticket);
    const drafted = await guard.check(text, { ...whose, stage: 'output' });
    if (drafted.action === 'allow' || drafted.action === 'warn') {
      desk.reply(ticket.id, text);
      return Response.json({ status: 'answered' });
    }
    desk.tag(ticket.id, `output-${drafted.action}`);
    const why = drafted.findings.map(({ category }) => category).join(', ') || 'it could not be checked';
    desk.note(ticket.id, `A draft was held (${why}; ${drafted.id}):\n\n${text}`);
    return Response.json({ status: 'held' });
  };
}
