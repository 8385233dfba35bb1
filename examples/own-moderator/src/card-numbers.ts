import { clear, flag, type Moderator } from '@chaperone/core';

/** Finds numbers of payment cards: 13 to 19 digits, perhaps in groups, whose check digit is right. */
export function cardNumbers(): Moderator<'card-number'> {
  return {
    name: 'card-numbers',
    categories: ['card-number'],
    inProcess: true, // it asks nobody: no quota counts it
    span: 37, // the longest match in a stream: 19 digits and what stands between them
    moderate: async (items) =>
      items.map(({ segment: { text = '' }, before = '' }) =>
        numbersIn(before + text).some(isCardNumber) ? flag(['card-number']) : clear(),
      ),
  };
}

function numbersIn(text: string): readonly string[] {
  return [...text.matchAll(/\d(?:[ -]?\d){12,18}/g)].map(([match]) => match.replaceAll(/\D/g, ''));
}

/** Luhn's check: every second digit from the right counts twice. */
function isCardNumber(digits: string): boolean {
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, place) => {
      const value = Number(digit) * (place % 2 === 1 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}
