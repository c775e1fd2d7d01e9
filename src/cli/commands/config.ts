import type { Command } from 'commander';
import { z } from 'zod';
import { handle, type Invocation } from '../define.ts';

/** `ragtui config show|path`. */
export function addConfig(program: Command, invocation: Invocation): void {
  const config = program.command('config').description('settings: what holds now, and where the file is');
  const schemas = { args: z.tuple([]), options: z.object({}) };

  handle(
    config.command('show').description('print the settings with their defaults'),
    invocation,
    schemas,
    async ({ out, paths }) => {
      const { loadSettings } = await import('../../platform/config.ts');
      const { stringify } = await import('smol-toml');
      const { settings, warnings } = loadSettings(paths.configFile);
      for (const warning of warnings) out.note(warning);
      out.result({ file: paths.configFile, settings, warnings }, () => stringify(settings).trimEnd());
      return undefined;
    },
  );

  handle(
    config.command('path').description('print where the settings file is'),
    invocation,
    schemas,
    async ({ out, paths }) => {
      const { configFile, home, models, logs } = paths;
      out.result({ configFile, home, models, logs }, () => configFile);
      return undefined;
    },
  );
}
