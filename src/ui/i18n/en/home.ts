/** Words of the home screen. Keys start with `home.`. */
export const home = {
  'home.title': 'Home',
} as const;
