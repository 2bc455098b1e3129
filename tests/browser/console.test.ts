import { afterAll, beforeAll } from 'vitest';
import { type Site, startConsole } from '../support/console.ts';
import { administratorPages } from './administrator-pages.ts';
import { alertPages } from './alert-pages.ts';
import { atTheDoor } from './at-the-door.ts';
import { contactPages } from './contact-pages.ts';
import { everyPage } from './every-page.ts';
import { onCallPages } from './on-call-pages.ts';
import { patientPages } from './patient-pages.ts';
import { planPages } from './plan-pages.ts';

/** The console in a real browser, on the real API, real records and a real store: one ward for all, as it was found first, then as it is changed. */

let site: Site;
beforeAll(async () => {
  site = await startConsole();
});
afterAll(() => site?.stop());
const here = (): Site => site;

everyPage(here);
atTheDoor(here);
patientPages(here);
alertPages(here);
administratorPages(here);
contactPages(here);
onCallPages(here);
planPages(here);
