/** Words for people under age, as the model reads them. */
const MINORS = setOf(
  'child children childs kid kids minor minors underage teen teens teenage teenager teenagers preteen toddler toddlers schoolgirl schoolgirls schoolboy schoolboys',
);

/** Words that are said of grown people as often. */
const PERHAPS_MINORS = setOf(
  'baby infant boy boys girl girls student students daughter daughters son sons niece nephew stepdaughter stepson',
);

/** An age below eighteen. */
const AGE = /(?<![\d.,$])(?:[4-9]|1[0-7])[ -]?(?:years?[ -]?old|yo|yrs?[ -]old|y\/o)\b/;

/** Words for wounds and for what is left of bodies. */
const GORE = setOf(
  'blood bloody bloodied bleeding bleed bled gore gory corpse corpses carcass decapitated decapitate decapitating decapitation beheaded behead beheading dismember dismembered dismembering mutilated mutilate mutilating mutilation maimed mangled disembowel disemboweled disembowelled gutted eviscerated guts innards intestines entrails brains skull skulls flesh severed sever slit slashed slashing impaled impale torture tortured wound wounds limbs limb gushing gushed spurted spurting splattered splatter stabbed stabbing crushed gouged gouging eyeballs skinned charred hacked butchered maggots rotting',
);

/** Words that are said of both bodies and other things. */
const PERHAPS_GORE = setOf(
  'organs bone bones throat ripped ripping tore torn tearing chopped chopping carved carving shredded shattered burst dripping soaked spilled spilling screams screaming screamed agony writhing blade chainsaw machete axe knife devoured chewed vomit lifeless dying pus stump',
);
const PERHAPS = 0.4;

/** What the words of a stretch of text speak of, each from 0 to 1. */
export interface Subjects {
  readonly minors: number;
  readonly gore: number;
}

export function subjectsOf(words: readonly { readonly text: string }[], begin: number, end: number): Subjects {
  let minors = 0;
  const gore = new Set<string>();
  const perhapsGore = new Set<string>();
  for (let at = begin; at < end; at += 1) {
    const word = words[at]?.text ?? '';
    if (MINORS.has(word)) minors = 1;
    else if (PERHAPS_MINORS.has(word)) minors = Math.max(minors, 0.4);
    if (GORE.has(word)) gore.add(word);
    else if (PERHAPS_GORE.has(word)) perhapsGore.add(word);
  }
  return {
    minors,
    gore: Math.min(1, (gore.size + perhapsGore.size * PERHAPS) / 3),
  };
}

/** Whether an age below eighteen is named. */
export const namesMinorAge = (text: string): boolean => AGE.test(text);

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
