import { Button } from '@mantine/core';
import {
  IconAlertTriangle,
  IconBattery1,
  IconClockExclamation,
  IconDeviceHeartMonitor,
  IconPhoneCall,
  IconRouter,
  IconRouterOff,
  IconSend,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { AskedView, DeviceView, LatestValue, PatientView } from '#domain/views.ts';
import { isContinuous } from '#domain/vitals.ts';
import { useMeasureAgain } from '../api/actions.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';
import { useNow } from '../time/clock.ts';

/** The devices of a patient: when they were last heard, what is wrong with them, and the way to ask for another measurement. */
export function Devices({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  return (
    <section className="card">
      <h2>{t('devices.title')}</h2>
      {view.devices.length === 0 ? (
        <p className="muted">{t('devices.none')}</p>
      ) : (
        <ul className="items">
          {view.devices.map((device) => (
            <Item key={device.device} device={device} view={view} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** For the head of the page: homes from which nothing can come at the moment. */
export function AwayChips({ devices }: { devices: PatientView['devices'] }) {
  const away = devices.filter((device) => device.sourceState === 'offline');
  const once = away.filter((device, at) => away.findIndex(({ source }) => source === device.source) === at);
  return once.map((device) => <SourceChip key={device.source} device={device} />);
}

/** dBm. Below it, links of Bluetooth LE begin to break. */
const weakBelow = -90;

/** Nobody at home can make a sensor measure once more. What a device measures is known from what it last measured. */
const measuresByItself = (device: DeviceView, latest: LatestValue[]): boolean => {
  const its = latest.filter((value) => value.device === device.device);
  return its.length > 0 && its.every((value) => isContinuous(value.panel));
};

function Item({ device, view }: { device: DeviceView; view: PatientView }) {
  const { t } = useLanguage();
  const mayAct = useMayAct();
  const name = device.model ?? device.device;
  const low = device.troubles.includes('battery-low');
  return (
    <li className="item">
      <div>
        <p className="title">
          {name} {device.model && <span className="muted small address">{device.device}</span>}
        </p>
        <div className="row small muted">
          <span>{device.heardAt ? <Heard at={device.heardAt} /> : t('devices.neverHeard')}</span>
          {device.battery !== null && !low && <span>{t('devices.battery', { percent: device.battery })}</span>}
          {device.rssi !== null && device.rssi < weakBelow && <span>{t('devices.weak')}</span>}
          {device.userSlot !== null && <span>{t('devices.user', { slot: device.userSlot })}</span>}
        </div>
        <div className="row">
          <SourceChip device={device} />
          {low && (
            <Chip severity="urgent" icon={<IconBattery1 size={16} aria-hidden />}>
              {device.battery === null
                ? t('devices.lowBattery')
                : t('devices.lowBatteryPercent', { percent: device.battery })}
            </Chip>
          )}
          <Wrong device={device} />
        </div>
        {device.asked && <Asked asked={device.asked} />}
      </div>
      <div className="act">
        {mayAct && device.sourceKind === 'gateway' && !measuresByItself(device, view.latest) && (
          <Ask device={device} patient={view.patient.id} name={name} />
        )}
      </div>
    </li>
  );
}

function Heard({ at }: { at: string }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  return (
    <time dateTime={at} title={times.moment(at, now)}>
      {t('devices.heard', { ago: times.ago(at, now) })}
    </time>
  );
}

function SourceChip({ device }: { device: DeviceView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const { sourceKind, sourceState, sourceStateAt } = device;
  const state = t(`devices.source.${sourceKind}.${sourceState}`);
  const Icon = { online: IconRouter, offline: IconRouterOff, unknown: IconDeviceHeartMonitor }[sourceState];
  const since = sourceState === 'offline' && sourceStateAt;
  return (
    <Chip severity={sourceState === 'offline' ? 'urgent' : 'quiet'} icon={<Icon size={16} aria-hidden />}>
      {since ? t('devices.reported', { state, time: times.shortMoment(since, now) }) : state}
    </Chip>
  );
}

/** Everything else that is wrong, in words. Not how grave it is for the patient, so in no colour of gravity. */
function Wrong({ device }: { device: DeviceView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const off = device.clockOffsetMs ?? 0;
  const known = ['pairing-refused', 'wants-consent', 'memory-refused'] as const;
  const word = known.find((one) => one === device.trouble);
  const length = times.duration(Math.abs(off));
  return (
    <>
      {device.troubles.includes('clock-wrong') && (
        <Chip severity="routine" icon={<IconClockExclamation size={16} aria-hidden />}>
          {t(off > 0 ? 'devices.clockAhead' : 'devices.clockBehind', { length })}
        </Chip>
      )}
      {device.trouble && (
        <Chip severity="urgent" icon={<IconAlertTriangle size={16} aria-hidden />}>
          {word ? t(`devices.trouble.${word}`) : t('devices.trouble.other', { word: device.trouble })}
        </Chip>
      )}
      {device.sourceTroubles.map((trouble) => (
        <Chip key={trouble} severity="urgent" icon={<IconAlertTriangle size={16} aria-hidden />}>
          {t(`devices.sourceTrouble.${trouble}`)}
        </Chip>
      ))}
    </>
  );
}

/** What became of the last request. Where it came to nothing, somebody must take the telephone. */
function Asked({ asked }: { asked: AskedView }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const why = asked.reason === 'not-reached' || asked.reason === 'not-theirs' ? asked.reason : 'too-late';
  const state = asked.state === 'too-late' ? why : asked.state;
  const inVain = asked.state === 'refused' || asked.state === 'too-late';
  const until = times.shortMoment(asked.until, now);
  const answered = asked.answeredAt ? times.shortMoment(asked.answeredAt, now) : '';
  const time = times.shortMoment(asked.askedAt, now);
  const Icon = inVain ? IconPhoneCall : IconSend;
  return (
    <p className="small asked" role="status">
      <Icon size={16} aria-hidden />
      <span>
        {inVain ? (
          <b>{t(`devices.askedState.${state}`, { until, answered })}</b>
        ) : (
          t(`devices.askedState.${state}`, { until, answered })
        )}
        <span className="muted">
          {' · '}
          {asked.by ? t('devices.by', { name: say(asked.by.name), time }) : t('devices.byRule', { time })}
        </span>
      </span>
    </p>
  );
}

function Ask({ device, patient, name }: { device: DeviceView; patient: string; name: string }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync, isPending } = useMeasureAgain(patient);
  const open = device.asked?.state === 'waiting' || device.asked?.state === 'sent';
  const ask = async () => {
    try {
      await mutateAsync(device.device);
      tell.done(t('devices.asked'));
    } catch (fault) {
      tell.failed(fault);
    }
  };
  return (
    <Button
      variant="default"
      leftSection={<IconSend size={18} aria-hidden />}
      aria-label={t('devices.askFor', { device: name })}
      loading={isPending}
      disabled={open}
      onClick={() => void ask()}
    >
      {t('devices.ask')}
    </Button>
  );
}

function Chip(props: { severity: 'urgent' | 'routine' | 'quiet'; icon: ReactNode; children: ReactNode }) {
  return (
    <span className="chip" data-severity={props.severity}>
      {props.icon}
      <span>{props.children}</span>
    </span>
  );
}
