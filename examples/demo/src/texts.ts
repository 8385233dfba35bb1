/** A mild insult of which a moderator of harassment should be sure: no scene needs anything worse. */
export const INSULTING_WORDS = 'such a stupid idiot';
export const INSULT = `You are ${INSULTING_WORDS}.`;

/** What the embedded model is less sure of: worth a warning or a look, and no block. */
export const MILD_INSULT = 'Some would call it a stupid plan, but it works.';
