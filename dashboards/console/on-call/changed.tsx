import { Button } from '@mantine/core';
import type { Refused } from '../api/request.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { clock } from '../time/clock.ts';

/** Somebody else saved first: nothing is lost, and one of the two is chosen. */
export function ChangedMeanwhile(props: { first: Refused['first']; theirs: () => void; mine: () => void }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const { first, theirs, mine } = props;
  return (
    <div className="fault" role="alert">
      <p>
        {first
          ? t('onCall.changed.by', { who: say(first.name), time: times.shortMoment(first.at, clock.now()) })
          : t('onCall.changed.somebody')}
      </p>
      <Button variant="default" onClick={theirs}>
        {t('onCall.changed.theirs')}
      </Button>
      <Button color="red" onClick={mine}>
        {t('onCall.changed.mine')}
      </Button>
    </div>
  );
}
