import type { JobContext } from '../jobs/worker.ts';
import { connectKb } from '../kb/client.ts';
import { RagtuiError } from '../platform/errors.ts';
import { ensureWorkspace } from '../platform/paths.ts';
import { foldersOf } from './folders.ts';
import { RecipeJournal } from './journal.ts';
import { planRecipe } from './plan.ts';
import { problemLine } from './problem-line.ts';
import { readRecipe } from './read.ts';
import { writeRecipeReport } from './report/write.ts';
import { measuredSeconds } from './results.ts';
import { runPlan } from './run.ts';
import type { World } from './steps/types.ts';

/** The body of a `recipe` job. Its report is written whether it ends well or not; a stop ends it where it is. */
export async function runRecipeJob({ work, paths, folder, report, signal }: JobContext<'recipe'>): Promise<void> {
  ensureWorkspace(paths);
  const read = readRecipe(work.text, work.vars);
  const [problem] = read.problems;
  if (problem) throw new RagtuiError('invalid', problemLine(work.file, problem), problem.hint);
  const plan = planRecipe(work.name, read.variants);
  const journal = new RecipeJournal(plan, folder, report, measuredSeconds(paths), read.atOnce);
  const world: World = {
    paths,
    folders: foldersOf(work),
    signal,
    withKb: async (use) => {
      const kb = await connectKb(paths, { signal });
      try {
        return await use(kb);
      } finally {
        await kb.close();
      }
    },
  };
  try {
    await runPlan({ world, plan, journal, folder, atOnce: read.atOnce });
  } finally {
    // Also of a recipe that failed: what is done is told, and what is not.
    if (!signal.aborted) {
      const files = await writeRecipeReport(paths, { work, plan, status: journal.status, about: read.about, folder });
      journal.reported(files);
      report.artifact('report', files.md);
      report.artifact('report (HTML)', files.html);
    }
  }
}
