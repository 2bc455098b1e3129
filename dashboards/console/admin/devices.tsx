import { Button, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconBattery1, IconUser } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { HoldingView, HomeDeviceView, SourceDetail } from '#domain/homes.ts';
import { useRegisterDevice } from '../api/admin.ts';
import { Refused } from '../api/request.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';
import { useNow } from '../time/clock.ts';
import { Assign, EndAssignment } from './assign.tsx';
import { Dialog } from './dialog.tsx';
import { Chip } from './source-chips.tsx';
import { deviceIn } from './subject.ts';

/** The devices of a home: whose each is and was, and the ways to give it and take it back. */
export function Devices({ detail: { source, devices } }: { detail: SourceDetail }) {
  const { t } = useLanguage();
  if (devices.length === 0) return <p className="muted">{t('admin.devices.none')}</p>;
  return (
    <ul className="items">
      {devices.map((device) => (
        <Item key={device.device} device={device} source={source.id} shut={source.revokedAt !== null} />
      ))}
    </ul>
  );
}

type Ending = { holding: HoldingView; how: 'end' | 'undo' };

function Item({ device, source, shut }: { device: HomeDeviceView; source: string; shut: boolean }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const [assigning, setAssigning] = useState(false);
  const [ending, setEnding] = useState<Ending>();
  const isNow = ({ to }: HoldingView) => to === null || Date.parse(to) > now;
  const present = device.holdings.filter(isNow);
  const past = device.holdings.filter((holding) => !isNow(holding));
  const nameOf = ({ patient }: HoldingView) => (patient ? say(patient.name) : t('admin.devices.otherTeam'));
  return (
    <li className="item" data-device={device.device}>
      <div>
        <p className="title">
          {device.model ?? device.device} {device.model && <span className="muted small address">{device.device}</span>}
        </p>
        <div className="row small muted">
          <span>
            {device.heardAt ? t('devices.heard', { ago: times.ago(device.heardAt, now) }) : t('devices.neverHeard')}
          </span>
          {device.battery !== null && <span>{t('devices.battery', { percent: device.battery })}</span>}
        </div>
        <Wrong device={device} />
        {present.length === 0 && <p>{t('admin.devices.nobody')}</p>}
        <ul className="holdings">
          {present.map((holding) => (
            <li key={holding.id} className="row">
              <IconUser size={16} aria-hidden />
              <Holder holding={holding} />
              {holding.patient && (
                <>
                  {holding.undoable && (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={t('admin.devices.undoFor', { device: device.device, name: nameOf(holding) })}
                      onClick={() => setEnding({ holding, how: 'undo' })}
                    >
                      {t('admin.devices.undo')}
                    </Button>
                  )}
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={t('admin.devices.takeBackFrom', { device: device.device, name: nameOf(holding) })}
                    onClick={() => setEnding({ holding, how: 'end' })}
                  >
                    {t('admin.devices.takeBack')}
                  </Button>
                </>
              )}
            </li>
          ))}
        </ul>
        {past.length > 0 && (
          <details>
            <summary className="small">{t('admin.devices.history')}</summary>
            <ul className="holdings small muted">
              {past.map((holding) => (
                <li key={holding.id} className="row">
                  <Holder holding={holding} />
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <div className="act">
        {!shut && (
          <Button
            variant={present.length === 0 ? 'filled' : 'default'}
            aria-label={t('admin.devices.assignFor', { device: device.device })}
            onClick={() => setAssigning(true)}
          >
            {t('admin.devices.assign')}
          </Button>
        )}
      </div>
      {assigning && <Assign source={source} device={device.device} close={() => setAssigning(false)} />}
      {ending && (
        <EndAssignment
          id={ending.holding.id}
          how={ending.how}
          device={device.device}
          name={nameOf(ending.holding)}
          close={() => setEnding(undefined)}
        />
      )}
    </li>
  );
}

function Holder({ holding }: { holding: HoldingView }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const { patient, userSlot, from, to } = holding;
  const begins = times.shortMoment(from, now);
  const ends = to && times.shortMoment(to, now);
  const over = to !== null && Date.parse(to) <= now;
  return (
    <>
      {patient ? (
        <Link href={`/patients/${patient.id}`}>{say(patient.name)}</Link>
      ) : (
        <span>{t('admin.devices.otherTeam')}</span>
      )}
      {userSlot !== null && <span className="muted">{t('admin.devices.user', { slot: userSlot })}</span>}
      <span className="muted">
        {!ends
          ? t('admin.devices.since', { from: begins })
          : t(over ? 'admin.devices.between' : 'admin.devices.until', { from: begins, to: ends })}
      </span>
    </>
  );
}

function Wrong({ device }: { device: HomeDeviceView }) {
  const { t } = useLanguage();
  const known = ['pairing-refused', 'wants-consent', 'memory-refused'] as const;
  const word = known.find((one) => one === device.trouble);
  if (!device.trouble && device.troubles.length === 0) return null;
  return (
    <div className="row">
      {device.troubles.includes('battery-low') && (
        <Chip severity="urgent" icon={<IconBattery1 size={16} aria-hidden />}>
          {t('devices.lowBattery')}
        </Chip>
      )}
      {device.trouble && (
        <Chip severity="urgent" icon={<IconAlertTriangle size={16} aria-hidden />}>
          {word ? t(`devices.trouble.${word}`) : t('devices.trouble.other', { word: device.trouble })}
        </Chip>
      )}
    </div>
  );
}

/** What the gateway hears and nobody has registered. */
export function Strangers({ detail: { source, strangers } }: { detail: SourceDetail }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const [chosen, setChosen] = useState<string>();
  if (strangers.length === 0) return null;
  return (
    <section className="card">
      <h2>{t('admin.devices.strangers')}</h2>
      <p className="muted small">{t('admin.devices.strangersMore')}</p>
      <ul className="items">
        {strangers.map(({ device, model, heardAt }) => (
          <li className="item" key={device}>
            <div>
              <p className="title">{model ?? device}</p>
              <div className="row small muted">
                {model && <span className="address">{device}</span>}
                {heardAt && <span>{t('devices.heard', { ago: times.ago(heardAt, now) })}</span>}
              </div>
            </div>
            <div className="act">
              <Button
                variant="default"
                aria-label={t('admin.devices.registerFor', { device })}
                onClick={() => setChosen(device)}
              >
                {t('admin.devices.registerThis')}
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {chosen && <RegisterDevice source={source.id} device={chosen} close={() => setChosen(undefined)} />}
    </section>
  );
}

export function RegisterDevice(props: { source: string; device?: string; close: () => void }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync } = useRegisterDevice();
  const [address, setAddress] = useState(props.device ?? '');
  const [model, setModel] = useState('');
  const [wrong, setWrong] = useState(false);
  const [elsewhere, setElsewhere] = useState(false);
  const [move, setMove] = useState(false);
  const submit = async () => {
    const device = deviceIn(address);
    setWrong(!device);
    if (!device) return false;
    const words = model.trim() ? { model: model.trim() } : {};
    try {
      await mutateAsync({ source: props.source, device, ...words, move });
    } catch (fault) {
      if (fault instanceof Refused && fault.code === 'device-elsewhere') setElsewhere(true);
      throw fault;
    }
    tell.done(t('admin.devices.registered'));
    return true;
  };
  return (
    <Dialog
      title={t('admin.devices.addTitle', { source: props.source })}
      close={props.close}
      submitWords={t('admin.homes.register')}
      submit={submit}
    >
      <TextInput
        label={t('admin.devices.address')}
        data-autofocus
        required
        value={address}
        maxLength={64}
        error={wrong ? t('admin.devices.addressWrong') : undefined}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <TextInput
        label={t('admin.devices.model')}
        value={model}
        maxLength={64}
        onChange={(event) => setModel(event.currentTarget.value)}
      />
      {elsewhere && (
        <label className="row">
          <input type="checkbox" checked={move} onChange={(event) => setMove(event.currentTarget.checked)} />
          {t('admin.devices.move')}
        </label>
      )}
    </Dialog>
  );
}
