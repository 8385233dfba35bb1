export { CATEGORIES, type CategoryDescription, type Concept, type Taxonomy, type TaxonomyName } from './categories.ts';
export { mapCategories, nearestCategory, type Mapping } from './map-categories.ts';
