import { ConfigurationError } from '@chaperone/core';
import { CATEGORIES, type TaxonomyName } from '../../categories/categories.ts';
import type { Judge } from '../judge.ts';
import { policyJudge } from './policy.ts';

/**
 * A judge for one category of a taxonomy, by its definition in `CATEGORIES`: any model then looks for what a service's
 * category means.
 * @throws ConfigurationError when the taxonomy has no such category.
 */
export function categoryJudge<const C extends string>(taxonomy: TaxonomyName, category: C): Judge<C> {
  const { categories } = CATEGORIES[taxonomy];
  const description = Object.hasOwn(categories, category) ? categories[category] : undefined;
  if (!description)
    throw new ConfigurationError(
      'categoryJudge.category',
      `is not one of ${taxonomy}; there are ${Object.keys(categories).join(', ')}`,
    );
  const { title, definition } = description;
  return policyJudge({ category, policy: `Forbidden is content of the category "${title}": ${definition}` });
}
