import { readProblems } from '../../problems.ts';
import { ALL_KINDS, type Rule } from '../rule.ts';

/** What `empty-text` says of the row itself. */
const SAID_ELSEWHERE = /kept, but never exported/;

/** Rows of the source that could not be read, or only in part: what the import said, by line. */
export const importProblem: Rule = {
  id: 'schema',
  version: 1,
  title: 'Rows of the source that could not be read',
  why: 'They are not in the dataset. Whoever counts on them counts wrongly, and a whole format may have been misread.',
  severity: 'error',
  kinds: ALL_KINDS,
  start({ dataset }) {
    return {
      *end() {
        for (const { severity, file, line, message } of readProblems(dataset.folder)) {
          if (severity === 'warning' && SAID_ELSEWHERE.test(message)) continue;
          yield {
            row: null,
            severity: severity === 'skipped' ? 'error' : 'warning',
            message: `${file ?? dataset.manifest.lineage.source.name}, line ${line}: ${severity === 'skipped' ? 'left out: ' : ''}${message}`,
            advice: severity === 'skipped' ? 'Correct the source and import it again.' : '',
          };
        }
      },
    };
  },
};
