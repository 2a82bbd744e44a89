import { marked } from '../shared/begin.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const goose = defineFormat({
  name: 'goose',
  title: 'goose',
  files: '`N_name.sql` with `-- +goose Up` and `-- +goose Down`',
  limits: '`ENVSUB` and programs of Go are refused',
  reader,
  ledger,
  begin: marked({ counted: 5 }, '-- +goose Up', '-- +goose Down'),
});
