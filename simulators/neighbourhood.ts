import { type ChildProcess, fork } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { SetupFault } from '#domain/errors.ts';
import type { Mail } from '#domain/views.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { readConfig } from '#runtime/config.ts';
import { createLog } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { prepareDataFolder } from '#runtime/servers/data-folder.ts';
import { live } from '#runtime/setup/life.ts';
import { createProgress, type Progress } from '#runtime/setup/progress.mjs';
import { startPlatform } from '../main.ts';
import { historyDays } from './neighbourhood/history.ts';
import { startMailCatchAll } from './neighbourhood/mail-catch-all.ts';
import { codesFor } from './neighbourhood/moving-in.ts';
import { News, type Order } from './neighbourhood/orders.ts';
import { clinicians, residents } from './neighbourhood/people.ts';
import { type Happening, happenings } from './neighbourhood/script.ts';
import {
  byNeighbourhood,
  closeOldStory,
  lastTakenAt,
  loginsFile,
  readMemory,
  settle,
  writeMemory,
} from './neighbourhood/settle.ts';

/**
 * `npm start`: the platform with a simulated neighbourhood around it, for looking, for showing and for CI. This process is the
 * platform; the twelve homes live in a child (homes.ts); mail goes to a catch-all that the console shows.
 */
const moveInAtMostMs = 180_000;
/** After the script somebody measures so often. */
const everydayMs = 45_000;
const leaveMs = 10_000;
const logName = 'hearthbeat.log';
/** Whose mailbox is told when a part of the platform itself does not work. */
const operator = 'zhang.yi@hearthbeat.example';

const progress = createProgress();
await live(progress, () => openNeighbourhood(process.env, progress));

async function openNeighbourhood(
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<{ stop(): Promise<void> }> {
  const { DATA_DIR, LOG_LEVEL, HTTP_HOST, HTTP_PORT, MQTTS_PORT } = readConfig(environment);
  const dataDir = prepareDataFolder(DATA_DIR);
  const mailbox = join(dataDir, 'mail');
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    let catchAllUrl: string | undefined;
    const told = new Set<(mail: Mail) => void>();
    if (!environment.SMTP_URL) {
      const catchAll = await startMailCatchAll(
        { clock, random },
        {
          folder: mailbox,
          port: 0,
          onMail: (mail) => told.forEach((tell) => void tell(mail)),
        },
      );
      ends.push(catchAll.stop);
      catchAllUrl = `smtp://127.0.0.1:${catchAll.port}`;
    }
    const platform = await startPlatform(
      {
        ...environment,
        // the neighbourhood's people are invented and its mail leaves nobody's machine
        ...(catchAllUrl
          ? { SMTP_URL: catchAllUrl, SMTP_CONFIDENTIAL: 'true', MAILBOX_DIR: mailbox, OPERATOR_EMAIL: operator }
          : {}),
      },
      progress,
      { openLog: (folder) => createLog(LOG_LEVEL, logFile(folder)) },
    );
    ends.push(platform.stop);

    const memory = await readMemory(dataDir);
    const script = happenings(memory.starts);
    const now = clock.now();
    const settledAt = memory.settledAt ?? now;
    const historyStart = settledAt - historyDays * 86_400_000;
    await progress.step('Settling 12 patients, a nurse and three doctors', async () => {
      await settle(platform.records, memory, historyStart, now);
      for (const { who } of script) await closeOldStory(platform.records, who, now);
      await writeMemory(dataDir, { ...memory, settledAt, starts: memory.starts + 1 });
    });

    const last = await lastTakenAt(platform.records);
    const homesDir = join(dataDir, 'homes');
    const entrances = await codesFor({ records: platform.records, clock }, homesDir, byNeighbourhood);
    const homes = fork(new URL('./neighbourhood/homes.ts', import.meta.url), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    ends.push(() => end(homes));
    await progress.step('Moving into 12 homes with certificates of their own, with 30 days of history', () =>
      movedIn(homes, {
        order: 'move-in',
        url: `http://${HTTP_HOST === '0.0.0.0' ? '127.0.0.1' : HTTP_HOST}:${HTTP_PORT}`,
        mqttUrl: `mqtts://127.0.0.1:${MQTTS_PORT}`,
        dataDir: homesDir,
        ...entrances,
        settledAt,
        historyFrom: Object.fromEntries(
          residents
            .flatMap(({ home }) => [home.device, ...(home.further ? [home.further.device] : [])])
            .map((device) => [device, last.has(device) ? last.get(device)! + 1 : historyStart]),
        ),
      }),
    );
    welcome({
      address: platform.config.PUBLIC_URL,
      dataDir,
      passwords: memory.passwords,
      script,
      store: platform.store.kind,
      mailIsCaught: catchAllUrl !== undefined,
    });
    const cancelScript = play(homes, script, told);
    ends.push(async () => cancelScript());
    return { stop };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

/** The log of the last start is kept beside the one of this. */
function logFile(dataDir: string): pino.DestinationStream {
  const file = join(dataDir, logName);
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // the first start has none
  }
  // synchronous: an end in the midst of a start must not wait for a file that is still being opened
  return pino.destination({ dest: file, sync: true, mode: 0o600 });
}

function movedIn(homes: ChildProcess, order: Extract<Order, { order: 'move-in' }>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = clock.after(moveInAtMostMs, () => fail('took longer than three minutes'));
    const fail = (why: string) => {
      late();
      reject(
        new SetupFault(
          `The simulated homes could not be set up (${why}); \`npm run serve\` starts the platform without them.`,
        ),
      );
    };
    homes.once('exit', (code) => fail(`their process ended with code ${code}`));
    homes.on('message', (message) => {
      const news = News.parse(message);
      if (news.news === 'cannot-move-in') fail(news.why);
      if (news.news !== 'moved-in') return;
      late();
      homes.removeAllListeners('exit');
      resolve();
    });
    homes.send(order);
  });
}

function welcome(house: {
  address: string;
  dataDir: string;
  passwords: Record<string, string>;
  store: 'influxdb' | 'postgresql';
  mailIsCaught: boolean;
  script: Happening[];
}): void {
  const { address, dataDir, passwords, store, mailIsCaught, script } = house;
  const pages = mailIsCaught ? `to the mail catch-all: ${address}/mailbox` : 'to the mail server of SMTP_URL';
  const logins = clinicians.map(
    ({ email, name, role }) => `    ${email.padEnd(34)} ${passwords[email]!.padEnd(14)} ${name.en}, ${role}`,
  );
  progress.say(
    [
      '',
      `  Hearthbeat is ready:  ${address}`,
      '',
      '  Sign in as (also in the file below)',
      ...logins,
      `    ${loginsFile(dataDir)}`,
      '',
      `  Readings are kept in ${store === 'influxdb' ? 'InfluxDB' : 'PostgreSQL'}. Pages go ${pages}`,
      '',
      '  What will happen now',
      ...script.map(({ at, say }) => `    in about ${String(at).padStart(2)} s  ${say}`),
      '    30 s after the page the second doctor is paged, unless somebody acknowledges in the console',
      '',
      `  The log: ${join(dataDir, logName)}`,
      '  Ctrl-C stops everything; the data stay.',
      '',
    ].join('\n'),
  );
}

/** Lets the script happen, and everyday life after it. The answer ends both. */
function play(homes: ChildProcess, script: Happening[], told: Set<(mail: Mail) => void>): () => void {
  const started = clock.now();
  const send = (order: Order) => homes.connected && homes.send(order);
  const nameOf = (source: string) => residents.find((r) => r.home.source === source)!.patient.name.en;
  const say = (line: string) =>
    progress.say(`  ${String(Math.round((clock.now() - started) / 1000)).padStart(4)} s  ${line}`);
  told.add((mail) => say(`a page went to ${mail.to.join(', ')}: ${mail.subject}`));
  homes.on('message', (message) => {
    const news = News.parse(message);
    if (news.news === 'measured') say(`the cuff of ${nameOf(news.source)} measured ${news.systolic}/${news.diastolic}`);
    if (news.news === 'used') say(`the ${news.device.en} of ${nameOf(news.source)} measured`);
    if (news.news === 'asked-to-measure-again')
      say(`${nameOf(news.source)} is asked, at home, to rest and measure again`);
  });
  const cancels = script.map((happening) =>
    clock.after(happening.at * 1000, () => {
      const { source } = happening.who.home;
      if (happening.kind === 'takes-off-watch') {
        send({ order: 'take-off-watch', source });
        say(`${nameOf(source)} took the watch off`);
      } else if (happening.kind === 'uses-further-device') {
        send({ order: 'use-further-device', source });
      } else {
        const { systolic, diastolic, pulse, marks } = happening;
        send({ order: 'measure', source, systolic, diastolic, pulse, marks });
      }
    }),
  );
  const everybody = residents.filter((r) => r.home.kind === 'cuff' && r.silentSinceDays === undefined);
  const crisis = script.find((happening) => happening.kind === 'measures' && happening.systolic > 180)?.who;
  const others = everybody.filter((resident) => resident !== crisis);
  let turn = 0;
  const lastAt = Math.max(...script.map((happening) => happening.at)) * 1000;
  cancels.push(
    clock.after(lastAt, () =>
      cancels.push(
        clock.every(everydayMs, () =>
          send({ order: 'measure-as-usual', source: others[turn++ % others.length]!.home.source }),
        ),
      ),
    ),
  );
  return () => {
    for (const cancel of cancels) cancel();
  };
}

async function end(homes: ChildProcess): Promise<void> {
  // one that was killed has no exit code, and its exit comes no second time
  if (homes.exitCode !== null || homes.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => homes.once('exit', () => resolve()));
  homes.kill('SIGTERM');
  const cancel = clock.after(leaveMs, () => homes.kill('SIGKILL'));
  await gone;
  cancel();
}
