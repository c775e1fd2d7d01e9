import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { packageRoot } from '../platform/entry.ts';
import { addAsk } from './commands/ask.ts';
import { addCompare } from './commands/compare.ts';
import { addConfig } from './commands/config.ts';
import { addDataset } from './commands/dataset.ts';
import { addDemo } from './commands/demo.ts';
import { addDeploy } from './commands/deploy.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEngines } from './commands/engines.ts';
import { addEval } from './commands/eval.ts';
import { addFleet } from './commands/fleet.ts';
import { addHosts } from './commands/hosts.ts';
import { addIngest } from './commands/ingest.ts';
import { addJobs } from './commands/jobs.ts';
import { addKb } from './commands/kb.ts';
import { addModels } from './commands/models.ts';
import { addRecipe } from './commands/recipe.ts';
import { addSearch } from './commands/search.ts';
import { addTour } from './commands/tour.ts';
import { addTrain } from './commands/train.ts';
import { addTui } from './commands/tui.ts';
import { addWorkspace } from './commands/workspace.ts';
import type { Invocation } from './define.ts';

const globalSchema = z.object({
  home: z.string().min(1).optional(),
  json: z.boolean().default(false),
  quiet: z.boolean().default(false),
  color: z.boolean().default(true),
});

/**
 * The whole command line. Parsing only notes in `invocation` what to run; the modules that do the work are imported
 * by the handlers, so that `ragtui search` never loads the screen.
 */
export function buildProgram(invocation: Invocation): Command {
  const program = new Command('ragtui')
    .description('Keep a knowledge base, ask it, and tune what answers. Without a command: the full-screen program.')
    .option('--home <dir>', 'the workspace (default: RAGTUI_HOME, else the XDG data folder)')
    .option('--json', 'print one JSON document on stdout')
    .option('--quiet', 'no remarks and no progress on stderr')
    .option('--no-color', 'no colour (also: NO_COLOR=1)')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addTui(program, invocation);
  addModels(program, invocation);
  addKb(program, invocation);
  addIngest(program, invocation);
  addSearch(program, invocation);
  addAsk(program, invocation);
  addCompare(program, invocation);
  addDataset(program, invocation);
  addEngines(program, invocation);
  addHosts(program, invocation);
  addFleet(program, invocation);
  addTrain(program, invocation);
  addEval(program, invocation);
  addDeploy(program, invocation);
  addRecipe(program, invocation);
  addJobs(program, invocation);
  addWorkspace(program, invocation);
  addConfig(program, invocation);
  addDoctor(program, invocation);
  addDemo(program, invocation);
  addTour(program, invocation);
  return program;
}

/** The options that hold for every command, wherever they stood on the line. */
export function globalOptions(program: Command): z.output<typeof globalSchema> {
  return globalSchema.parse(program.opts());
}

function version(): string {
  const file = path.join(packageRoot(), 'package.json');
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}
