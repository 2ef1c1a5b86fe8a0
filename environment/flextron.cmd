@echo off
rem Runs the command line from anywhere: environment\flextron VERB ...  Built at first use and after a change.
dotnet run --configuration Release --project "%~dp0..\src\Flextron.Cli" --verbosity quiet -- %*
