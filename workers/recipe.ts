// Does a recipe: its steps one after another, each as the job that a person would start.

import { runJobWorker } from '../src/jobs/worker.ts';
import { runRecipeJob } from '../src/recipes/job.ts';

await runJobWorker('recipe', runRecipeJob);
