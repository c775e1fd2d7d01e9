/** Words of the settings screen. Keys start with `settings.`. */
export const settings = {
  'settings.title': 'Settings',
} as const;
