import { writeFileSync } from 'node:fs';
import { patientVitals } from './patient-vitals.ts';

/** `npm run grafana` writes the dashboards that Grafana is provisioned with. A test keeps file and code equal. */
const file = new URL('./dashboards/patient-vitals.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(patientVitals(), null, 2)}\n`);
console.log(`wrote ${file.pathname}`);
