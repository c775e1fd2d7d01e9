/** Words of the settings screen. Keys start with `settings.`. */
export const settings = {
  'settings.title': 'Settings',
  'settings.keys': 'Keys',
  'settings.keysNote': 'changed in [keys] of the settings file',
  'settings.overridden': 'yours',
  'settings.row.theme': 'Theme',
  'settings.row.language': 'Language of the screens',
  'settings.row.mouse': 'Mouse',
  'settings.row.notify': 'When a job ends',
  'settings.row.mode': 'Search mode at start',
  'settings.row.topK': 'Passages at start',
  'settings.row.prompt': 'Prompt at start',
  'settings.row.home': 'Workspace',
  'settings.row.models': 'Models',
  'settings.row.config': 'Settings file',
  'settings.why.fixed': 'this is set by the environment or the command line',
} as const;
