/** Words of the models screen. Keys start with `models.`. */
export const models = {
  'models.title': 'Models',
} as const;
