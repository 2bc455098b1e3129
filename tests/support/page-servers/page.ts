import { randomUUID } from 'node:crypto';
import { AlertId, ClinicianId } from '#domain/ids.ts';
import type { OutgoingPage } from '../../../rules/channels/channel.ts';

/** A page for a doctor, about nobody. */
export const aPage = (wish: Partial<OutgoingPage> = {}): OutgoingPage => ({
  id: randomUUID(),
  alerts: [{ alert: AlertId.parse(randomUUID()), step: 1 }],
  severity: 'critical',
  recipient: {
    id: ClinicianId.parse(randomUUID()),
    email: 'doctor@clinic.example',
    name: { en: 'Chen Wei', zh: '陈伟' },
    language: 'zh',
  },
  subject: '【危急】血压重度升高（第 2 次呼叫）',
  text: 'CRITICAL: Severely high blood pressure\n\n请打开警报\n.\n..\nhttp://127.0.0.1/alerts/1\n',
  url: 'http://127.0.0.1/alerts/1',
  acknowledgeUrl: null,
  mention: null,
  ...wish,
});
