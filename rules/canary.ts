import { canary } from '#domain/canary.ts';
import type { CommonChannel } from './channels/channel.ts';

/**
 * By which the auditor's canary is called: it loops back. None of the configured channels, so no policy of a care team can name it, and
 * whatever is meant for a person does not get through here.
 */
export const canaryChannel: CommonChannel = {
  name: canary.channel,
  confidential: false,
  reaches: 'system',
  send: async ({ recipient }) =>
    recipient.id === canary.clinician
      ? { ok: true }
      : { ok: false, retry: false, fault: 'the canary calls no person', ofRecipient: true },
};
