// what a run does, and what becomes of it when its terminal or its process is lost, depends on the server's version
import '../ops/maintain/vacuum.test.ts';
import '../scenarios/ops/maintain/lost.test.ts';
