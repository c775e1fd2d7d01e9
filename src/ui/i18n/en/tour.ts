/** Words of the tour (`tour.`): its list, its strip below the screen, its command. */
export const tour = {
  'tour.title': 'Tour: ten steps through ragtui',
  'tour.strip': 'Tour {number}/10',
  'tour.hint': 'Home (1), t: all steps, skip, leave',
  'tour.ticked': 'Tour: step {number} done – {title}.',
  'tour.over': 'That was the tour. Home (1), t shows it again.',
  'tour.press': 'Press',
  'tour.about': 'Why',
  'tour.command': 'Without the screen',
  'tour.needs': 'Needs',
  'tour.state.done': 'done',
  'tour.state.skipped': 'left out',
  'tour.state.now': 'next',
  'tour.state.later': '',
  'tour.looks':
    'Steps that only look (passages, forecast, server, verdict) tick themselves on the screen; here: ragtui tour done STEP.',
  'tour.goes': 'Begin, or go on: ragtui, then t on Home. Leave a step out: ragtui tour skip STEP.',
  'tour.why.list': 'no step is under the cursor',
  'tour.why.isDone': 'this step is done',
  'tour.why.isOff': 'the tour is not on',

  'tour.ingest.title': 'Documents in',
  'tour.ingest.press':
    'On Home (1): Enter on "Begin", then language, models, sample documents. Or Knowledge (2): n, then a folder.',
  'tour.ingest.about': 'Documents are cut into chunks, and each chunk gets a vector by which it is found.',
  'tour.ask.title': 'Ask',
  'tour.ask.press': 'On Ask (3): Enter sends the question that stands there, or type one.',
  'tour.ask.about':
    'Passages are found first, then an LLM answers from them. The small one that comes along is often wrong.',
  'tour.passages.title': 'What the answer stands on',
  'tour.passages.press':
    'On Ask (3): Tab until the passages have the focus; m (F2) shows the exact messages that were sent.',
  'tour.passages.about':
    'A wrong answer has two causes: the right passage was not found, or the LLM did not use it. Look which.',
  'tour.compare.title': 'Two settings, one question',
  'tour.compare.press':
    'On Compare (7): Esc, a copies the column, s changes one thing (prompt: tutorial), Tab to the question, Enter asks both.',
  'tour.compare.about':
    'Change one thing at a time: LLM, embedder, passages or prompt. Speed stands below each answer.',
  'tour.dataset.title': 'Questions with known answers',
  'tour.dataset.press':
    'On Datasets (8): i, then Enter twice imports the 24 sample questions; or the path of a file of yours.',
  'tour.dataset.about':
    'To tune and to judge, questions with right answers are needed; each with the passage it stands in.',
  'tour.prepare.title': 'Prepare it',
  'tour.prepare.press': 'On Datasets (8): s cuts it into train and test; m makes negatives or training rows of it.',
  'tour.prepare.about':
    'What is tested must not have been trained. Negatives teach an embedder what is nearly right and wrong.',
  'tour.train.title': 'What a training would take',
  'tour.train.press': 'On Train (9): n fills in a training; p turns to its forecast. s would start it.',
  'tour.train.about': 'Steps, memory, disk and time before anything runs. On two cores the small LLM takes minutes.',
  'tour.train.needs':
    'LLaMA-Factory to start one (ragtui engines install llamafactory, about 9 GB); the forecast needs none.',
  'tour.deploy.title': 'What answers',
  'tour.deploy.press': 'On Deploy (-): the servers with their speed; c asks one, n starts another beside it.',
  'tour.deploy.about': 'Base and tune are served from one set of weights, so that both can be asked at once.',
  'tour.evaluate.title': 'Measure',
  'tour.evaluate.press': 'On Evaluate (0): n, choose the dataset, a split or all, and columns; s starts the run.',
  'tour.evaluate.about': 'The same questions to every column, each answer scored; it goes on when ragtui is closed.',
  'tour.verdict.title': 'A verdict one can defend',
  'tour.verdict.press': 'On Evaluate (0): Enter on the run, then v: the verdict with its intervals.',
  'tour.verdict.about':
    'Better, worse, or cannot tell: with 24 questions often the last. ragtui recipe run FILE does the whole story unattended.',
} as const;
