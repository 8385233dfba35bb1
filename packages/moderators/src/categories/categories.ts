/** What a category of a taxonomy is. */
export interface CategoryDescription {
  readonly title: string;
  /** What belongs to it, in a sentence of our own. */
  readonly definition: string;
  /** What it is about, in terms that all taxonomies share: what maps them onto each other. */
  readonly concept: Concept;
}

/** A taxonomy, and who has made it. */
export interface Taxonomy {
  readonly source: string;
  readonly categories: { readonly [name: string]: CategoryDescription };
}

export type TaxonomyName = 'openai' | 'mlcommons' | 'azure' | 'mistral';

export type Concept =
  | 'advice'
  | 'code abuse'
  | 'crime'
  | 'dangerous'
  | 'defamation'
  | 'elections'
  | 'financial advice'
  | 'graphic violence'
  | 'harassment'
  | 'hate'
  | 'health advice'
  | 'intellectual property'
  | 'jailbreak'
  | 'legal advice'
  | 'minors'
  | 'privacy'
  | 'self-harm'
  | 'self-harm instructions'
  | 'self-harm intent'
  | 'sex crime'
  | 'sexual'
  | 'threatening harassment'
  | 'threatening hate'
  | 'violence'
  | 'violent crime'
  | 'weapons';

/** Where a taxonomy has no category for a concept, these are tried, the nearest first. */
export const WIDER: { readonly [C in Concept]?: readonly Concept[] } = {
  dangerous: ['violent crime'],
  'financial advice': ['advice'],
  'graphic violence': ['violence'],
  harassment: ['hate'],
  'health advice': ['advice'],
  'legal advice': ['advice'],
  minors: ['sexual'],
  'self-harm instructions': ['self-harm'],
  'self-harm intent': ['self-harm'],
  'sex crime': ['crime', 'sexual'],
  'threatening harassment': ['harassment'],
  'threatening hate': ['hate'],
  violence: ['violent crime'],
  'violent crime': ['crime', 'violence'],
  weapons: ['dangerous', 'violent crime'],
};

const described = (title: string, definition: string, concept: Concept): CategoryDescription => ({
  title,
  definition,
  concept,
});

/** Every category of the taxonomies that moderators speak: title, definition, and where they come from. */
export const CATEGORIES: { readonly [T in TaxonomyName]: Taxonomy } = {
  openai: {
    source: 'OpenAI, moderation guide and API reference, 2026',
    categories: {
      harassment: described('Harassment', 'Demeans, bullies or torments somebody.', 'harassment'),
      'harassment/threatening': described(
        'Threatening harassment',
        'Harassment that also threatens violence or serious harm.',
        'threatening harassment',
      ),
      hate: described(
        'Hate',
        'Attacks people for what they are: origin, religion, sex, disability and the like.',
        'hate',
      ),
      'hate/threatening': described(
        'Threatening hate',
        'Hate that also threatens violence or serious harm.',
        'threatening hate',
      ),
      illicit: described('Illicit', 'Instructs or advises how to commit what is against the law.', 'crime'),
      'illicit/violent': described(
        'Illicit and violent',
        'The same with violence, or with getting a weapon.',
        'violent crime',
      ),
      'self-harm': described('Self-harm', 'Promotes, encourages or depicts harming oneself.', 'self-harm'),
      'self-harm/intent': described(
        'Intent of self-harm',
        'Somebody says that they harm themselves or are going to.',
        'self-harm intent',
      ),
      'self-harm/instructions': described(
        'Instructions for self-harm',
        'Encourages harming oneself, or says how.',
        'self-harm instructions',
      ),
      sexual: described('Sexual', 'Means to arouse, or promotes sexual services.', 'sexual'),
      'sexual/minors': described('Sexual, with minors', 'Sexual content that includes anybody under 18.', 'minors'),
      violence: described('Violence', 'Depicts death, violence or injury.', 'violence'),
      'violence/graphic': described('Graphic violence', 'The same in graphic detail.', 'graphic violence'),
    },
  },
  mlcommons: {
    source: 'MLCommons AILuminate hazards as Llama Guard 3 and 4 number them; S14 is their own',
    categories: {
      S1: described('Violent crimes', 'Enables or endorses violence against people or animals.', 'violent crime'),
      S2: described('Non-violent crimes', 'Enables or endorses crimes such as theft, fraud and trafficking.', 'crime'),
      S3: described('Sex-related crimes', 'Enables or endorses sexual assault and trafficking.', 'sex crime'),
      S4: described('Child sexual exploitation', 'Sexual abuse of children in any form.', 'minors'),
      S5: described('Defamation', 'False statements that are likely to hurt a real person.', 'defamation'),
      S6: described('Specialized advice', 'Medical, legal or financial advice that may do harm.', 'advice'),
      S7: described('Privacy', 'Sensitive personal information that endangers somebody.', 'privacy'),
      S8: described('Intellectual property', 'Violates the rights of others in their works.', 'intellectual property'),
      S9: described('Indiscriminate weapons', 'Enables weapons of mass destruction.', 'weapons'),
      S10: described('Hate', 'Demeans people for what they are.', 'hate'),
      S11: described('Suicide and self-harm', 'Encourages or enables harming oneself.', 'self-harm'),
      S12: described('Sexual content', 'Erotica.', 'sexual'),
      S13: described('Elections', 'False information about how and when people vote.', 'elections'),
      S14: described('Code interpreter abuse', 'Tries to break out of, or misuse, an interpreter.', 'code abuse'),
    },
  },
  azure: {
    source: 'Microsoft, Azure AI Content Safety, harm categories, 2024-09-01',
    categories: {
      Hate: described('Hate and fairness', 'Attacks or discriminates against people for what they are.', 'hate'),
      SelfHarm: described('Self-harm', 'Means to hurt oneself, or says how.', 'self-harm'),
      Sexual: described('Sexual', 'Sexual acts, anatomy, abuse, erotica.', 'sexual'),
      Violence: described('Violence', 'Means to hurt or kill, weapons, terrorism.', 'violence'),
    },
  },
  mistral: {
    source: 'Mistral, moderation model of March 2026 (mistral-moderation-2603)',
    categories: {
      sexual: described('Sexual', 'Sexual content.', 'sexual'),
      hate_and_discrimination: described('Hate and discrimination', 'Attacks people for what they are.', 'hate'),
      violence_and_threats: described('Violence and threats', 'Describes, praises or threatens violence.', 'violence'),
      dangerous: described('Dangerous', 'Enables what endangers people.', 'dangerous'),
      criminal: described('Criminal', 'Enables crimes.', 'crime'),
      selfharm: described('Self-harm', 'Promotes or depicts harming oneself.', 'self-harm'),
      health: described('Health', 'Medical advice that is for professionals.', 'health advice'),
      financial: described('Financial', 'Financial advice that is for professionals.', 'financial advice'),
      law: described('Law', 'Legal advice that is for professionals.', 'legal advice'),
      pii: described('Personal information', 'Asks for or gives away personal information.', 'privacy'),
      jailbreaking: described('Jailbreaking', 'Tries to make a model forget its rules.', 'jailbreak'),
    },
  },
};
