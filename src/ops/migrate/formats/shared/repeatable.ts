/** What stands for a version where there is none: such a migration is known by its description. */
export const repeatable = (description: string): string => `R__${description.replaceAll(' ', '_')}`;

export const isRepeatable = (version: string): boolean => version.startsWith('R__');
