import { Button, PasswordInput, TextInput } from '@mantine/core';
import { IconEye, IconEyeOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useSignIn } from '../api/actions.ts';
import { keys } from '../api/queries.ts';
import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';
import { useTitle } from '../parts/title.ts';

/** Stands at whatever address was asked for, so that after signing in one is where one wanted to be. */
export function SignInPage() {
  const { t } = useLanguage();
  useTitle(t('signIn.title'));
  const ended = useQueryClient().getQueryData<boolean>(keys.ended) === true;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { mutate, isPending, error } = useSignIn();
  return (
    <div className="sign-in">
      <div>
        <h1>{t('signIn.title')}</h1>
        <p className="muted">{t('signIn.lead')}</p>
      </div>
      {ended && !error && (
        <p className="chip" data-severity="routine" role="status">
          {t('signIn.expired')}
        </p>
      )}
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          mutate({ email: email.trim(), password });
        }}
      >
        {error && (
          <p className="fault" role="alert">
            <Fault fault={error} />
          </p>
        )}
        <TextInput
          label={t('signIn.email')}
          type="email"
          name="email"
          autoComplete="username"
          size="md"
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('signIn.password')}
          name="password"
          autoComplete="current-password"
          size="md"
          required
          withAsterisk={false}
          visibilityToggleIcon={({ reveal }) =>
            reveal ? <IconEyeOff size={20} aria-hidden /> : <IconEye size={20} aria-hidden />
          }
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={isPending}>
          {t('signIn.submit')}
        </Button>
      </form>
    </div>
  );
}

function Fault({ fault }: { fault: unknown }) {
  const { t } = useLanguage();
  if (!(fault instanceof Refused)) return t('fault.noAnswer');
  if (fault.status === 401 || fault.status === 422 || fault.status === 400) return t('signIn.wrong');
  if (fault.status === 429) return t('signIn.tooMany');
  if (fault.status >= 500) return t('fault.noAnswer');
  return t('fault.refused', { code: fault.code });
}
